import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';
import { makeKeyCertificate } from '../../src/certificate/key-certificate.ts';
import { secretPem } from '../../src/pkarr/key-pem.ts';
import { testKey } from '../support/packets.ts';

const keyPair = testKey(7);
const { text } = keyPair.publicKey;
const pem = makeKeyCertificate(keyPair);
const certificate = new X509Certificate(pem);

/** RFC 8410 §4: the octets of a SubjectPublicKeyInfo before the 32 octets of an Ed25519 key. */
const SPKI_PREFIX = '302a300506032b6570032100';

test('the key in the certificate is the public key, octet for octet, and signed it', () => {
  const spki = certificate.publicKey.export({ format: 'der', type: 'spki' });
  const key = Buffer.from(keyPair.publicKey.toBytes()).toString('hex');
  assert.equal(spki.toString('hex'), SPKI_PREFIX + key);
  assert.ok(certificate.verify(certificate.publicKey));
  assert.ok(certificate.checkPrivateKey(createPrivateKey(secretPem(keyPair))));
});

test('the certificate is for the key and the names before it, and has no end', () => {
  assert.equal(certificate.subjectAltName, `DNS:${text}, DNS:*.${text}`);
  assert.equal(certificate.checkHost(text), text);
  assert.equal(certificate.checkHost(testKey(8).publicKey.text), undefined);
  assert.deepEqual(
    [certificate.validFrom, certificate.validTo],
    ['Jan  1 00:00:00 1970 GMT', 'Dec 31 23:59:59 9999 GMT'],
  );
  assert.equal(certificate.ca, false);
});

test('the certificate of a key is the same whenever it is made, and another one for another key', () => {
  assert.equal(makeKeyCertificate(testKey(7)), pem);
  assert.notEqual(makeKeyCertificate(testKey(8)), pem);
});

test('a TLS server has it, and a client that trusts it alone reaches the name of the key', async () => {
  const server = tls.createServer({ cert: pem, key: secretPem(keyPair), minVersion: 'TLSv1.3' });
  server.on('secureConnection', (socket) => socket.end('here')).on('tlsClientError', () => {});
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const reach = async (servername: string, ca: string) => {
    const socket = tls.connect({ socket: connectTcp(port, '127.0.0.1'), servername, ca });
    let got = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      got += part;
    });
    await once(socket, 'end');
    return got;
  };
  try {
    assert.equal(await reach(text, pem), 'here');
    await assert.rejects(reach(testKey(8).publicKey.text, pem), /altnames|host/i);
    await assert.rejects(reach(text, makeKeyCertificate(testKey(8))), /self.signed|unable to verify/i);
  } finally {
    server.close();
  }
});
