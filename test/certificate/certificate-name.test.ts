import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CertificateNameError, parseCertificateName } from '../../src/certificate/certificate-name.ts';
import { fc } from '../support/property.ts';

describe('a name for a certificate', () => {
  for (const [text, kind, expected] of [
    ['dns.home.arpa', 'dns', 'dns.home.arpa'],
    ['DNS.Home.Arpa.', 'dns', 'dns.home.arpa'],
    ['pi', 'dns', 'pi'],
    ['3com.example', 'dns', '3com.example'],
    ['bücher.example', 'dns', 'xn--bcher-kva.example'],
    ['*.lan.example', 'dns', '*.lan.example'],
    ['192.168.1.5', 'ip', '192.168.1.5'],
    ['FD00:0::5', 'ip', 'fd00::5'],
    ['[fd00::5]', 'ip', 'fd00::5'],
    ['::ffff:192.168.1.5', 'ip', '192.168.1.5'],
  ] as const) {
    test(`is read as people write it: ${text}`, () => {
      assert.deepEqual(parseCertificateName(text), { kind, text: expected });
    });
  }

  for (const text of [
    ...['', '.', 'a..b', '-a.example', 'a-.example', 'a_b.example', `${'a'.repeat(64)}.example`],
    ...['https://dns.example/dns-query', 'dns.example:853', 'a b', 'me@example.org', '192.168.1.0/24'],
    ...['192.168.1', '192.168.1.256', '1', '*', '*.lan', '*.*.lan.example', 'a.*.example', 'a*.example'],
    ...['fe80::1%eth0', '0.0.0.0', '::', '224.0.0.251', 'ff02::fb', '\u0000', 'a\n.example', '例え\u0000'],
    'a.'.repeat(128),
  ]) {
    test(`is refused when no certificate can have it: ${JSON.stringify(text.slice(0, 40))}`, () => {
      assert.throws(() => parseCertificateName(text), CertificateNameError);
    });
  }

  test('any text is a name that reads as itself, or refused', () => {
    const part = fc.oneof(
      fc.string(),
      fc.constantFrom('a', '.', '*', '-', ':', '1', '%', 'ß', '[', ']', '::'),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        let name: ReturnType<typeof parseCertificateName>;
        try {
          name = parseCertificateName(parts.join(''));
        } catch (error) {
          assert.ok(error instanceof CertificateNameError);
          return;
        }
        assert.match(name.text, /^[a-z0-9.:*-]+$/);
        assert.deepEqual(parseCertificateName(name.text), name);
      }),
    );
  });
});
