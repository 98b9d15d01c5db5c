import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { KeyPair } from '../../src/pkarr/key-pair.ts';
import { writeKeyFile } from '../../src/publish/key-file.ts';
import { pkarrd } from '../support/command.ts';
import { onEachProgram } from '../support/programs.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-large-'));
const zone = join(directory, 'large.zone');
const keyFile = join(directory, 'the.key');
const key = KeyPair.generate();

/** A base64 of as many characters as a key of DKIM has. */
const rsa = (letter: string) => letter.repeat(392);

before(() => {
  writeKeyFile(keyFile, key);
  writeFileSync(
    zone,
    `$ORIGIN example.com.
$TTL 1h
@ SOA ns1 root 1 2h 1h 2w 1h
@ NS ns1
@ A 192.0.2.1
@ MX 10 mail
@ TXT "google-site-verification=rXOxyZounnZasA8Z7oaD3c14JdjS9aKSWvsR1EbUSIQ"
@ CAA 0 issue "ca.example.net"
ns1 A 192.0.2.53
mail A 192.0.2.25
a A 192.0.2.80
b A 192.0.2.80
c A 192.0.2.80
extraordinarily-long A 192.0.2.9
s1._domainkey TXT "v=DKIM1; k=rsa; p=${rsa('A')}"
s2._domainkey TXT "v=DKIM1; k=rsa; p=${rsa('B')}"
`,
  );
});
after(() => rmSync(directory, { recursive: true }));

onEachProgram((options) => {
  test('a zone that is too large: what each record takes, what helps, and what of it is enough, also in a dry run', async () => {
    const args = ['publish', zone, '--origin', 'example.com', '--key', keyFile];
    for (const flags of [['--dry-run'], []]) {
      const { code, out, err } = await pkarrd([...args, ...flags], options);
      assert.deepEqual([code, out], [1, '']);
      const [sentence = '', ...lines] = err.split('\n');
      const [, size = '', excess = ''] =
        /^pkarrd: \S+large\.zone: The records take (\d+) bytes, which is (\d+) over the 995 that fit into a packet\.$/.exec(
          sentence,
        ) ?? [];
      assert.equal(Number(size) - Number(excess), 995);
      assert.deepEqual(lines.slice(0, 2), [
        'What each record would save if it were left out, in bytes:',
        '  saves    line  record',
      ]);
      const table = lines.filter((line) => /^ +\d+ +\d+ {2}\S/.test(line));
      assert.match(table[0] ?? '', /^ {4}\d{3} +15 {2}s1\._domainkey 3600 IN TXT "v=DKIM1; k=rsa; p=A+…$/);
      const saves = table.map((line) => Number(/\d+/.exec(line)?.[0]));
      assert.deepEqual(
        saves,
        [...saves].sort((a, b) => b - a),
      );
      assert.equal(table.length, 12);
      assert.match(
        err,
        /^ +\d+ {2}\d\. A CNAME from s1\._domainkey and s2\._domainkey .* \(a name of 39 octets is counted\)\.$/m,
      );
      assert.match(
        err,
        /^ +\d+ {2}\d\. An Ed25519 key for DKIM \(RFC 8463\) in s1\._domainkey and s2\._domainkey: /m,
      );
      assert.match(err, /^ +\d+ {2}\d\. Leave out 2 records \(TXT and CAA of @\) that prove /m);
      assert.match(err, /^ +\d+ {2}\d\. A wildcard in place of a, b and c, .*: "\*"; /m);
      assert.match(err, /^ +\d+ {2}\d\. Shorter names than "extraordinarily-long" /m);
      assert.match(
        err,
        /^ +\d+ {2}\d\. A second key \(pkarrd keygen\) for the records of s1\._domainkey: .* "s1\._domainkey CNAME s1\._domainkey\.SECOND-KEY\."/m,
      );
      assert.match(err, /\nAdvice 1 is enough: \d{3} of 995 bytes\.\n$/);
    }
  });
});

test('what a record saves is what the zone has fewer without it, and what is enough fits when it is done', async () => {
  const args = ['publish', zone, '--key', keyFile, '--origin', 'example.com', '--dry-run', '--json'];
  const large = JSON.parse((await pkarrd(args)).out);
  assert.deepEqual([large.maxBytes, large.excessBytes], [995, large.bytes - 995]);
  const [first] = large.savings;
  const lines = readFileSync(zone, 'utf8').split('\n');
  const bytesOf = async (text: string) => {
    const file = join(directory, 'smaller.zone');
    writeFileSync(file, text);
    return JSON.parse((await pkarrd(args.with(1, file))).out).bytes;
  };
  assert.equal(await bytesOf(lines.toSpliced(first.line - 1, 1).join('\n')), large.bytes - first.savesBytes);
  assert.deepEqual(large.enough.taken, [0]);
  const done = lines.map((line) =>
    line.replace(/^(s\d\._domainkey) TXT .*/, '$1 CNAME sel1._domainkey.mail.provider.example.'),
  );
  assert.equal(await bytesOf(done.join('\n')), large.enough.bytes);
});
