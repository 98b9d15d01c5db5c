/** The entry point of a worker process, which only `app.ts` starts. */

// A terminal sends Ctrl-C to all processes, and so does a service manager with its signals. The primary tells workers when to
// stop, and they exit when it dies. This comes first, so that a signal does not end a worker that is starting.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});

const { runWorker } = await import('./app/worker-front.ts');
runWorker();
