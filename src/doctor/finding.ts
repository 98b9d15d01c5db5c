/** What one check found. */
export interface Finding {
  /** What was looked at, in one or two words: `port 53`. */
  readonly topic: string;
  /** `failure`: names are not found, or keys are told to others. `warning`: it works, and something is not as it should be. */
  readonly state: 'ok' | 'warning' | 'failure';
  /** What is so, as a sentence. */
  readonly text: string;
  /** What to do about it, as a sentence; for everything that is not `ok`. */
  readonly remedy?: string;
}

/** A finding that needs nothing. */
export function fine(topic: string, text: string): Finding {
  return { topic, state: 'ok', text };
}

/** A finding that wants attention. */
export function warning(topic: string, text: string, remedy: string): Finding {
  return { topic, state: 'warning', text, remedy };
}

/** A finding that has to be mended. */
export function failure(topic: string, text: string, remedy: string): Finding {
  return { topic, state: 'failure', text, remedy };
}
