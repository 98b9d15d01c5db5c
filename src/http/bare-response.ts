import { STATUS_CODES } from 'node:http';
import { ownHeaders } from './routing/own-headers.ts';

/** A response without a body, for a connection that is closed after it and that no server of HTTP looks after. */
export function bareResponse(status: number): string {
  const headers = { ...ownHeaders, connection: 'close', 'content-length': '0' };
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${fields.join('')}\r\n`;
}
