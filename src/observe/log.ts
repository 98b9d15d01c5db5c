/** How grave an event is, gravest first. A log of one level writes its own events and all graver ones. */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const;

/** One of `logLevels`. */
export type LogLevel = (typeof logLevels)[number];

/** What an event says beside its message. */
export type LogFields = Readonly<Record<string, string | number | bigint | boolean | Private>>;

/**
 * A value that shows what somebody looked for: a name, a key, an address of a client. A log writes it as `redacted`
 * unless its level is `debug`.
 */
export class Private {
  readonly #text: string;

  /** Takes the value as text. */
  constructor(text: string) {
    this.#text = text;
  }

  /** The value itself. */
  reveal(): string {
    return this.#text;
  }

  /** Never the value, so that no template string shows it by mistake. */
  toString(): string {
    return 'redacted';
  }
}

/** Takes note of what happens. Never throws; one event is one line. */
export interface Log {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
}

/** A log whose level may change while it is in use. */
export interface AdjustableLog extends Log {
  /** From now on events of `level` and graver ones are written. */
  setLevel(level: LogLevel): void;
}

/** What a log works with. */
export interface LogOptions {
  readonly level: LogLevel;
  /** Takes one line, its line feed included. What it throws is dropped: there is nobody to tell. */
  readonly write: (line: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /**
   * Lines go to the journal of systemd: `<N>` with the priority of syslog stands first (sd-daemon(3)), and no time,
   * which the journal notes itself.
   */
  readonly journal: boolean;
}

/** A log that writes lines of the form `2026-01-31T12:00:00.000Z info message key=value`. */
export function createLog(options: LogOptions): AdjustableLog {
  const { write, now, journal } = options;
  let level = options.level;
  const at = (eventLevel: LogLevel) => {
    const rank = logLevels.indexOf(eventLevel);
    return (message: string, fields: LogFields = {}) => {
      if (rank > logLevels.indexOf(level)) return;
      const head = journal
        ? `<${priorities[eventLevel]}>`
        : `${new Date(now()).toISOString()} ${eventLevel} `;
      const texts = fieldTexts(fields, level === 'debug');
      try {
        write(`${head}${[escapeControls(message), ...texts].join(' ')}\n`);
      } catch {
        // A full disk or a closed descriptor. Whoever logs has other work to do.
      }
    };
  };
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    setLevel(next) {
      level = next;
    },
  };
}

/** A log that writes nothing. */
export const silentLog: Log = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

/** Priorities of syslog (RFC 5424 §6.2.1). */
const priorities: Readonly<Record<LogLevel, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

function fieldTexts(fields: LogFields, reveal: boolean): readonly string[] {
  return Object.entries(fields).map(([key, value]) => {
    const text = value instanceof Private && reveal ? value.reveal() : String(value);
    // Quoted when it could be taken for several fields, or could break out of its line.
    return /^[!#-<>-~]+$/.test(text) ? `${key}=${text}` : `${key}=${escapeControls(JSON.stringify(text))}`;
  });
}

/** Text that came from elsewhere must not end a line or move the cursor. */
function escapeControls(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
