import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { goesOn, overHttp2, SCALE, Watch } from './attacked-program.ts';
import * as frames from './http2-frames.ts';
import { bodyHeaders, id } from './https-attacks.ts';

test('bodies that many connections begin and none ends cost neither much memory nor a query', async (context) => {
  const watch = new Watch();
  const crowd = Array.from({ length: 150 }, () =>
    overHttp2(
      async (send) => {
        for (let round = 0; round < 10 * SCALE; round++) {
          const streams = Array.from({ length: 100 }, (_, index) => {
            const stream = id(round * 100 + index);
            return Buffer.concat([
              frames.head(stream, { method: 'POST', isOpen: true, headers: bodyHeaders }),
              frames.data(stream, Buffer.alloc(200)),
            ]);
          });
          if (!(await send(Buffer.concat(streams)))) return;
          await sleep(1_000);
        }
      },
      undefined,
      8_000 * SCALE,
    ),
  );
  await Promise.all(crowd);
  await goesOn();
  await watch.endWithMemory(context);
});
