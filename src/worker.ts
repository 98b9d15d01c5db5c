/** What runs in a worker. It is started by `app.ts` and by nobody else. */

// A terminal sends Ctrl-C to all processes, and a service manager its signal too: it is the primary that tells workers
// when to end, and when it dies they end with it. First of all, so that none is ended while it starts.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});

const { runWorker } = await import('./app/worker-front.ts');
runWorker();
