import { readFileSync } from 'node:fs';

/** What a relay answered to a request. */
export interface StoredAnswer {
  readonly request: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** `GET ?policy=bogus  400 "a sentence" {"a-header":"its value"}`: a body is text, or its length. */
const LINE = /^(.{34}) (\d{3}) (?:".*"|\d+ B) (\{.*\})$/;

/** What pkarr-relay 2.1.0 answered on a test network, in the order of the requests. */
export function storedAnswers(): readonly StoredAnswer[] {
  const file = new URL('../../../../test/http/relay/pkarr-relay-2.1.0.txt', import.meta.url);
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [, request = '', status = '', headers = ''] = LINE.exec(line) ?? [];
    return request === ''
      ? []
      : [{ request: request.trim(), status: Number(status), headers: JSON.parse(headers) }];
  });
}
