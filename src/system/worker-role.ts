/** Tells a process of ours that it is a worker, and not the worker of somebody else's cluster. */
export const WORKER_ROLE = { PKARRD_ROLE: 'worker' } as const;

const { PKARRD_ROLE: role } = process.env;

/** True in a worker: the ports that it binds are shared with the others. */
export const isWorker: boolean = role === WORKER_ROLE.PKARRD_ROLE && process.send !== undefined;
