# What .ci/run and .ci/full share. Sourced by bash, from the root of the project, with `limit` set to the seconds that the
# whole may take.
SECONDS=0

# Of npm, wherever it fetches: an answer that does not come is asked for again while a step still has time.
export NPM_CONFIG_FETCH_TIMEOUT=30000 NPM_CONFIG_FETCH_RETRIES=3

# Runs a command for at most so many seconds, and never beyond the limit of all; names it when it did not end.
step() {
  local most=$1 left=$((limit - SECONDS)) status=0
  shift
  ((left > 0)) || left=1
  ((most < left)) || most=$left
  echo "# ${SECONDS} s: $*"
  timeout --kill-after=10 "$most" "$@" </dev/null || status=$?
  if ((status == 124 || status == 137)); then echo "# did not end within $most s: $*" >&2; fi
  return "$status"
}

# Installs the Debian packages that the tests ask us with, and those that are named. Without them those tests are skipped, so
# here they must be there.
install_packages() {
  local packages=(bind9-dnsutils caddy chromium curl dnsmasq-base dnsperf firefox-esr fish iproute2 knot knot-dnsutils unbound knot-resolver libnss3-tools
    mandoc dnsdist nghttp2-client nginx-light openbox openssl prometheus python3-libtorrent xdotool xvfb zsh mmdebstrap systemd-container "$@")
  local missing=() package
  for package in "${packages[@]}"; do
    dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  ((${#missing[@]} > 0)) || return 0
  # No package may start a service here: invoke-rc.d(8) asks this file, and 101 forbids.
  if [[ ! -e /usr/sbin/policy-rc.d ]]; then
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  export DEBIAN_FRONTEND=noninteractive
  # Another program may be installing packages at this moment: its lock is waited for, not for ever.
  local apt=(apt-get --quiet --yes -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 -o Acquire::http::Timeout=20)
  # The lock of the lists is waited for by nobody. They may be there from an earlier run, so the install decides.
  for _ in 1 2 3 4 5; do
    step 60 "${apt[@]}" update && break
    sleep 5
  done
  step 240 "${apt[@]}" install --no-install-recommends "${missing[@]}"
}

# Fetches a version of Node and the npm that comes with it, both from npm, and puts them first in PATH.
#   use_node 20|22|24|26
use_node() {
  local node npm
  case $1 in
    20) node=20.19.6 npm=10.8.2 ;; # The oldest that package.json admits.
    22) node=22.23.3 npm=10.9.9 ;;
    24) node=24.21.0 npm=11.19.1 ;;
    26) node=26.10.0 npm=11.19.1 ;;
    *) echo "no version of Node is known for $1" >&2 && return 2 ;;
  esac
  local platform folder
  case $(uname -m) in aarch64) platform=linux-arm64 ;; *) platform=linux-x64 ;; esac
  folder=$PWD/.node/$node
  if [[ ! -x $folder/bin/npm ]]; then
    mkdir -p "$folder/bin"
    echo '{ "private": true }' >"$folder/package.json"
    (cd "$folder" && step 180 "$first_npm" install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error \
      "node-$platform@$node" "npm@$npm") || return
    ln -sf "../node_modules/node-$platform/bin/node" "$folder/bin/node"
    printf '#!/bin/sh\nexec "%s/bin/node" "%s/node_modules/npm/bin/npm-cli.js" "$@"\n' "$folder" "$folder" >"$folder/bin/npm"
    chmod 755 "$folder/bin/npm"
  fi
  export PATH=$folder/bin:$first_path
  echo "# Node $(node --version), npm $(npm --version)"
}
first_path=$PATH
first_npm=$(command -v npm)

# Runs a command that runs npm, and fails when npm warns of anything that this project can do something about.
#   quietly step 60 npm ci
quietly() {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 || status=$?
  cat "$log"
  # Settings of the machine that a newer npm does not know are none of ours, nor are files of the package with such a name.
  if grep -iE 'warn|deprecated|vulnerabilit' "$log" |
    grep -vE 'Unknown (user|env|global|builtin) config|found 0 vulnerabilities|^npm notice [0-9.]+ *k?B '; then
    echo "# npm is not silent: $*" >&2
    status=1
  fi
  rm "$log"
  return "$status"
}

# The JavaScript clients of relays that a test has in a page. They are no dependencies, not even of development.
install_relay_clients() {
  step 120 npm ci --prefix test/browsers/relay-clients --ignore-scripts --no-audit --no-fund
}
