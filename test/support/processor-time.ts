/** CPU time of the fastest of several runs, in nanoseconds: time that other programs take does not count. */
export function processorTime(work: () => void, runs = 5): number {
  const once = (): number => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) * 1000;
  };
  return Math.min(...Array.from({ length: runs }, once));
}
