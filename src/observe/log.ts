/** Severities, the highest first. A log of one level writes the events of that level and of all higher ones. */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const;

/** One of `logLevels`. */
export type LogLevel = (typeof logLevels)[number];

/** The fields of an event, beside its message. */
export type LogFields = Readonly<Record<string, string | number | bigint | boolean | Private>>;

/**
 * A value that reveals what somebody looked up: a name, a key, a client address. A log writes it as `redacted`
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

  /** Never the value, so that a template string cannot reveal it by accident. */
  toString(): string {
    return 'redacted';
  }
}

/** Records events, one line each. Never throws. */
export interface Log {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
}

/** A log whose level can be changed. */
export interface AdjustableLog extends Log {
  /** From now on, events of `level` and of higher severity are written. */
  setLevel(level: LogLevel): void;
  /** Calls `observe` with the level now, and whenever it is set. */
  onLevel(observe: (level: LogLevel) => void): void;
}

/** An event as it may be written: private values are redacted already, unless the level reveals them. */
export interface LogEntry {
  readonly level: LogLevel;
  /** Message and fields in one line, without time and level. */
  readonly text: string;
  /** Each value as text, which may have any character. */
  readonly fields: Readonly<Record<string, string>>;
}

/** How a log is set up. */
export interface LogOptions {
  readonly level: LogLevel;
  /**
   * Writes one line, which ends with a line feed; `entry` says the same in parts. An error that it throws is ignored: it could
   * be reported nowhere.
   */
  readonly write: (line: string, entry: LogEntry) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /**
   * Lines go to the systemd journal: they begin with the syslog priority as `<N>` (sd-daemon(3)), and have no time, which the
   * journal adds.
   */
  readonly journal: boolean;
}

/** A log that writes lines of the form `2026-01-31T12:00:00.000Z info message key=value`. */
export function createLog(options: LogOptions): AdjustableLog {
  const { write, now, journal } = options;
  let level = options.level;
  const observers: ((level: LogLevel) => void)[] = [];
  const at = (eventLevel: LogLevel) => {
    const rank = logLevels.indexOf(eventLevel);
    return (message: string, fields: LogFields = {}) => {
      if (rank > logLevels.indexOf(level)) return;
      const head = journal
        ? `<${priorities[eventLevel]}>`
        : `${new Date(now()).toISOString()} ${eventLevel} `;
      const values = fieldValues(fields, level === 'debug');
      const text = [escapeControls(message), ...fieldTexts(values)].join(' ');
      try {
        write(`${head}${text}\n`, { level: eventLevel, text, fields: values });
      } catch {
        // A full disk or a closed descriptor must not stop the caller.
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
      for (const observe of observers) observe(next);
    },
    onLevel(observe) {
      observers.push(observe);
      observe(level);
    },
  };
}

/** A log that writes nothing. */
export const silentLog: Log = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

/** Priorities of syslog (RFC 5424 §6.2.1). */
export const priorities: Readonly<Record<LogLevel, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

function fieldValues(fields: LogFields, reveal: boolean): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      value instanceof Private && reveal ? value.reveal() : String(value),
    ]),
  );
}

function fieldTexts(values: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(values).map(([key, text]) => {
    // Quoted if it could be read as several fields, or could break the line.
    return /^[!#-<>-~]+$/.test(text) ? `${key}=${text}` : `${key}=${escapeControls(JSON.stringify(text))}`;
  });
}

/** Foreign text must not end the line or move the cursor of a terminal. */
function escapeControls(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
