import assert from 'node:assert/strict';
import { decodeMessage, encodeMessage } from '../../src/dns/message.ts';
import { query } from '../support/dns-client.ts';
import { Http2Client, type HttpServerAddress } from '../support/http-client.ts';

/** Asks over HTTPS for a name that needs no upstream. @throws AssertionError without a good answer, or the error of the connection. */
export async function isAnswered(address: HttpServerAddress): Promise<void> {
  const client = new Http2Client(address);
  const path = `/dns-query?dns=${Buffer.from(encodeMessage(query('localhost'))).toString('base64url')}`;
  const { status, body } = await client.ask({ path });
  await client.close();
  assert.deepEqual([status, decodeMessage(body).answers.length], [200, 1]);
}
