import { STATUS_CODES } from 'node:http';

/** A response without a body, for a connection that is closed after it and that no server of HTTP looks after. */
export function bareResponse(status: number): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
}
