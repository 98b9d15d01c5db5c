/** A promise that nobody has settled. */
export function settledOnce(): SettledOnce {
  let resolvePromise: () => void = () => {};
  let rejectPromise: (error: Error) => void = () => {};
  const promise = new Promise<void>((resolve, reject) => {
    resolvePromise = resolve;
    rejectPromise = reject;
  });
  const state: SettledOnce = {
    promise,
    settled: 'no',
    resolve() {
      if (state.settled === 'no') state.settled = 'resolved';
      resolvePromise();
    },
    reject(error) {
      if (state.settled === 'no') state.settled = 'rejected';
      rejectPromise(error);
    },
  };
  return state;
}

/** A promise that is settled once, from outside, and knows how. */
export interface SettledOnce {
  readonly promise: Promise<void>;
  settled: 'no' | 'resolved' | 'rejected';
  resolve(): void;
  reject(error: Error): void;
}
