/**
 * The script, for bash, that keeps one booted machine: it waits for one of the host's places, puts a layer over the root, boots
 * it in a cgroup of its own, boots it again when it restarts, and ends all of it when its standard input ends. That happens
 * however the test's process ends, so nothing is left of a machine whose test was killed.
 *
 * It prints `waiting` when there is no place, `supervisor PID` at each boot, and `ended STATUS` when the machine went down by itself.
 * Its mounts are in a namespace of its own and vanish with it.
 *
 *   bash -c KEEPER keeper CACHE ROOT NAME CGROUPTREE
 */
export const KEEPER = `
set -euo pipefail
cache=$1 base=$2 name=$3 tree=$4
# Two machines at once on this host: it has two processors.
place() { for n in 1 2; do exec 9>"$cache/place-$n"; ! flock -n 9 || return 0; done; return 1; }
# read ends with 1 at the end of the input, and above 128 when it has waited long enough.
wait_a_little() { local status=0; read -r -t "$1" _ || status=$?; (( status != 1 )); }
if ! place; then
  echo waiting
  until place; do wait_a_little 0.2 || exit 0; done
fi
# On a host with both versions of cgroups systemd has a named tree of version 1 too.
groups=("$tree/$name")
[[ ! -d /sys/fs/cgroup/systemd ]] || groups+=("/sys/fs/cgroup/systemd/$name")
finish() {
  # Nobody may read us any more, and writing would end us before we are done.
  exec >/dev/null 2>&1
  [[ ! -e "$tree/$name/cgroup.kill" ]] || echo 1 >"$tree/$name/cgroup.kill"
  for group in "\${groups[@]}"; do
    for _ in {1..100}; do
      find "$group" -depth -type d -exec rmdir {} \\; || true
      [[ -d $group ]] || break
      sleep 0.05
    done
  done
}
trap finish EXIT
mkdir "\${groups[@]}"
mount -t tmpfs -o mode=0755 pkarrd-booted "$cache/machine"
mkdir "$cache"/machine/{upper,work,root}
mount -t overlay -o "lowerdir=$base,upperdir=$cache/machine/upper,workdir=$cache/machine/work" overlay "$cache/machine/root"
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
status=133
# nspawn ends with 133 when the machine wants to be booted again.
while (( status == 133 )); do
  (
    for group in "\${groups[@]}"; do echo "$BASHPID" >"$group/cgroup.procs"; done
    exec systemd-nspawn --quiet --boot --register=no --keep-unit --private-network --console=passive --settings=no \\
      --resolv-conf=off --timezone=off --link-journal=no --machine="$name" --hostname=booted --directory="$cache/machine/root"
  ) </dev/null >&2 9>&- &
  supervisor=$!
  echo "supervisor $supervisor"
  while kill -0 "$supervisor" 2>/dev/null; do wait_a_little 0.1 || exit 0; done
  status=0
  wait "$supervisor" || status=$?
done
echo "ended $status"
`;
