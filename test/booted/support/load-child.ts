/**
 * Asks a server as glibc does, with a socket for each query, at a steady rate and without retries; prints counts as JSON. It
 * imports nothing of ours, so that the one file can be copied into a machine.
 *   node load.mjs udp|tcp|tls RATE SECONDS NAME
 */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** What became of the queries. */
export interface Counts {
  sent: number;
  answered: number;
  /** ICMP port unreachable, or a TCP reset. */
  refused: number;
  /** No reply within {@link PATIENCE_MS}. */
  lost: number;
  /** An RCODE other than NOERROR, another ID, or any other error. */
  wrong: number;
  /** Milliseconds of the slowest answer. */
  slowest: number;
}

/** Milliseconds that a query waits. */
const PATIENCE_MS = 10_000;

const [kind = 'udp', rateText = '500', secondsText = '4', name = 'localhost'] = process.argv.slice(2);
const rate = Number(rateText);
const total = rate * Number(secondsText);
const counts: Counts = { sent: 0, answered: 0, refused: 0, lost: 0, wrong: 0, slowest: 0 };

type End = (what: 'answered' | 'refused' | 'lost' | 'wrong') => void;

function ask(id: number): void {
  counts.sent++;
  const startedAt = performance.now();
  let isOver = false;
  const end: End = (what) => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    counts[what]++;
    if (what === 'answered')
      counts.slowest = Math.max(counts.slowest, Math.round(performance.now() - startedAt));
    close();
  };
  const timer = setTimeout(() => end('lost'), PATIENCE_MS);
  const close = kind === 'udp' ? askUdp(queryOf(id), end) : askTcp(queryOf(id), end);
}

function askUdp(query: Buffer, end: End): () => void {
  const socket = createSocket('udp4');
  socket.on('error', (error) => end(isRefusal(error) ? 'refused' : 'wrong'));
  socket.on('message', (reply) => end(isAnswer(reply, query) ? 'answered' : 'wrong'));
  socket.connect(53, '127.0.0.1', () => socket.send(query));
  return () => socket.close();
}

function askTcp(query: Buffer, end: End): () => void {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(query.length);
  const write = () => socket.write(Buffer.concat([length, query]));
  const socket =
    kind === 'tls'
      ? connectTls({ port: 853, host: '127.0.0.1', rejectUnauthorized: false }, write)
      : connect(53, '127.0.0.1', write);
  let received = Buffer.alloc(0);
  socket.on('error', (error) => end(isRefusal(error) ? 'refused' : 'wrong'));
  socket.on('close', () => end('wrong'));
  socket.on('data', (piece) => {
    received = Buffer.concat([received, piece]);
    if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
    end(isAnswer(received.subarray(2), query) ? 'answered' : 'wrong');
  });
  return () => socket.destroy();
}

function queryOf(id: number): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)]));
  // RD, one question, class IN, type A.
  const head = Buffer.of((id >> 8) & 0xff, id & 0xff, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0);
  return Buffer.concat([head, ...labels, Buffer.of(0, 0, 1, 0, 1)]);
}

/** QR is set, the ID is that of the query, the RCODE is NOERROR, and there is an answer. */
function isAnswer(reply: Buffer, query: Buffer): boolean {
  if (reply.length < 12 || reply.readUInt16BE(0) !== query.readUInt16BE(0)) return false;
  return reply.readUInt8(2) >= 0x80 && (reply.readUInt8(3) & 0xf) === 0 && reply.readUInt16BE(6) > 0;
}

function isRefusal({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ECONNREFUSED' || code === 'ECONNRESET';
}

const startedAt = performance.now();
const ticker = setInterval(() => {
  const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * rate));
  while (counts.sent < due) ask(counts.sent);
  if (counts.sent >= total) clearInterval(ticker);
}, 2);
process.on('beforeExit', () => {
  console.log(JSON.stringify(counts));
  process.exit();
});
