/** One error in the configuration. */
export interface ConfigProblem {
  /** `/etc/pkarrd/pkarrd.toml:3`, `PKARRD_LISTEN`, `--listen`. */
  readonly where: string;
  /** What is wrong and what would be valid: one sentence. */
  readonly message: string;
}

/** The configuration is invalid. Has every error that was found, in the order file, environment, flags. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** At least one. */
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(problemToText).join('\n'));
    this.problems = problems;
  }
}

/** `--listen: "x" is not …`. */
export function problemToText({ where, message }: ConfigProblem): string {
  return `${where}: ${message}`;
}
