/** Loaded before the program: says on SIGUSR2 which modules of Node's own the main thread has loaded. */
const { moduleLoadList = [] } = process as { readonly moduleLoadList?: readonly string[] };
process.on('SIGUSR2', () => {
  process.stdout.write(`loaded: ${moduleLoadList.join(',')}.\n`);
});
