import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * For a client that waits with its body (`Expect: 100-continue`): it is told to go on when somebody begins to read the body. One that
 * gets an answer before does not send it (RFC 9110 §10.1.1).
 */
export function continueWhenRead(request: IncomingMessage, response: ServerResponse): void {
  request.once('resume', () => {
    if (!response.headersSent) response.writeContinue();
  });
}
