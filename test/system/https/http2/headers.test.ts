import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode, Http2Error } from '../../../../src/system/https/http2/frames.ts';
import { HeaderDecoder } from '../../../../src/system/https/http2/header-decoder.ts';
import { encodedHead } from '../../../../src/system/https/http2/header-encoder.ts';
import { decodeHuffman } from '../../../../src/system/https/http2/huffman.ts';
import { fc } from '../../../support/property.ts';

function decode(decoder: HeaderDecoder, block: Uint8Array): string[] {
  const headers: string[] = [];
  // Somewhere in what was read, as it is for the program.
  const octets = Buffer.concat([Buffer.alloc(3, 0x82), block, Buffer.alloc(3, 0x82)]);
  decoder.decode(octets, 3, 3 + block.length, {
    add: ({ name, value }) => headers.push(`${name}: ${value}`),
  });
  return headers;
}

const first = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'];
const second = [...first, 'cache-control: no-cache'];
const third = [
  ...[':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com'],
  'custom-key: custom-value',
];

test('the requests of RFC 7541 are read, each after the one before', () => {
  const withoutCode = [
    '828684410f7777772e6578616d706c652e636f6d',
    '828684be58086e6f2d6361636865',
    '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
  ];
  const coded = [
    '828684418cf1e3c2e5f23a6ba0ab90f4ff',
    '828684be5886a8eb10649cbf',
    '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
  ];
  for (const blocks of [withoutCode, coded]) {
    const decoder = new HeaderDecoder();
    const read = blocks.map((block) => decode(decoder, Buffer.from(block, 'hex')));
    assert.deepEqual(read, [first, second, third]);
  }
});

test('the table forgets its oldest entries, as in the answers of RFC 7541 with a table of 256 octets', () => {
  const blocks = [
    '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3',
    '4883640effc1c0bf',
  ];
  const decoder = new HeaderDecoder();
  // RFC 7541 §4.2: a table of 256 octets, which the examples begin with.
  const read = blocks.map((block, index) =>
    decode(decoder, Buffer.from(index === 0 ? `3fe101${block}` : block, 'hex')),
  );
  const rest = [
    'cache-control: private',
    'date: Mon, 21 Oct 2013 20:13:21 GMT',
    'location: https://www.example.com',
  ];
  assert.deepEqual(read, [
    [':status: 302', ...rest],
    [':status: 307', ...rest],
  ]);
  // The first status was the oldest: what was at its index is there no longer.
  assert.throws(() => decode(decoder, Buffer.from('c2', 'hex')), Http2Error);
});

test('padding that is not the beginning of the end, longer padding, and the end itself are refused', () => {
  for (const octets of ['00', '06', '07ff', 'ffffffff', 'fffffffc'])
    assert.equal(decodeHuffman(Buffer.from(octets, 'hex'), 0, octets.length / 2), undefined, octets);
});

test('what no client writes ends the connection', () => {
  for (const [what, block] of Object.entries({
    'index 0': '80',
    'an index beyond both tables': 'be',
    'a name that ends after the block': '4005616263',
    'an integer without an end': 'ffffffffffffff',
    'a table that is larger than it may be': '3fe23f',
    'a table that changes after a header': '8220',
  })) {
    const isCompressionError = (error: unknown) =>
      error instanceof Http2Error && error.code === ErrorCode.COMPRESSION_ERROR;
    assert.throws(() => decode(new HeaderDecoder(), Buffer.from(block, 'hex')), isCompressionError, what);
  }
});

test('no block has the decoder throw anything else', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), (blocks) => {
      const decoder = new HeaderDecoder();
      for (const block of blocks) {
        try {
          decode(decoder, block);
        } catch (error) {
          assert.ok(error instanceof Http2Error);
          return;
        }
      }
    }),
  );
});

test('what is written is what is read, the first time and again', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,200}$/);
  const value = fc.stringMatching(/^[ -~]{0,400}$/);
  const statuses = fc.array(fc.integer({ min: 200, max: 599 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(statuses, fc.dictionary(name, value), (all, headers) => {
      for (const status of [...all, ...all]) {
        const expected = [
          `:status: ${status}`,
          ...Object.entries(headers).map((header) => header.join(': ')),
        ];
        assert.deepEqual(decode(new HeaderDecoder(), encodedHead(status, headers)), expected);
      }
    }),
  );
});

test('answers whose headers are all different take no more memory than some of them', () => {
  const headersOf = (n: number) => ({ 'x-number': String(n) });
  const first = headersOf(0);
  const octets = encodedHead(200, first);
  assert.equal(encodedHead(200, first), octets);
  for (let n = 1; n < 2_000; n++) encodedHead(200, headersOf(n));
  assert.notEqual(encodedHead(200, first), octets);
  assert.deepEqual(encodedHead(200, first), octets);
});

test('a header that cannot be sent is not', () => {
  for (const [name, value] of [
    ['x', 'a\r\nb'],
    ['x', '€'],
    ['X', 'a'],
    ['', 'a'],
  ] as const)
    assert.throws(() => encodedHead(200, { [name]: value }), TypeError);
});
