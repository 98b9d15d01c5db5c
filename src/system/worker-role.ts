/** Marks a process as a worker of pkarrd, not of somebody else's cluster. */
export const WORKER_ROLE = { PKARRD_ROLE: 'worker' } as const;

const { PKARRD_ROLE: role } = process.env;

/** True in a worker, which shares its ports with the others. */
export const isWorker: boolean = role === WORKER_ROLE.PKARRD_ROLE && process.send !== undefined;
