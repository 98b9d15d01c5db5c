/** The entry point of the script of the section Publish. The secret is in the memory of this tab and nowhere else. */
import { hydrate } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { KeyPair } from '../../library/keys.ts';
import type { SignedPacket } from '../../library/signed-packet.ts';
import { compileZone } from '../../library/zone.ts';
import { DATA_ID, ROOT_ID } from '../element-ids.ts';
import { KEY_TITLE_ID } from '../publish/key-card.tsx';
import { PublishSection } from '../publish/publish-section.tsx';
import type { PublishActions, PublishView } from '../publish/view.ts';
import { ZONE_ID } from '../publish/zone-card.tsx';
import { KeyFileProblem, openKeyFile, saveKeyFile } from './key-files.ts';
import { RelayProblem, readNewest, writeToRelay } from './own-relay.ts';
import { zoneTextOf } from './zone-text.ts';

const root = document.getElementById(ROOT_ID);
const data = document.getElementById(DATA_ID)?.textContent;
if (root !== null && data !== null && data !== undefined && isSecureContext)
  hydrate(<LivePublish first={JSON.parse(data)} />, root);

function LivePublish({ first }: { readonly first: PublishView }) {
  const [view, setView] = useState(first);
  const secret = useRef<KeyPair | undefined>(undefined);
  /** The packet that the editor goes on from: what was read from the network, or published last. */
  const base = useRef<SignedPacket | undefined>(undefined);
  const isBusy = useRef(false);
  const latest = useRef(view);
  latest.current = view;
  const show = (changes: Partial<PublishView>) => setView((before) => ({ ...before, ...changes }));

  const compiled = (text: string) => {
    const key = secret.current?.publicKey;
    return key === undefined ? {} : { text, zone: compileZone(text, key) };
  };

  /** Does a task, with nothing else at the same time; what people can do something about becomes a sentence. */
  const run = (
    task: PublishView['task'],
    of: 'key' | 'zone',
    work: () => Promise<Partial<PublishView>>,
  ): void => {
    // What is pressed twice is done once. Nothing is disabled meanwhile: it would lose the focus.
    if (isBusy.current) return;
    isBusy.current = true;
    setView(({ problem: _, ...before }) => ({ ...before, task }));
    work().then(
      (changes) => {
        isBusy.current = false;
        show({ ...changes, task: 'none' });
      },
      (error: unknown) => {
        isBusy.current = false;
        const isExpected = error instanceof KeyFileProblem || error instanceof RelayProblem;
        const sentence = isExpected ? error.message : `This is a fault of the page: ${error}`;
        const isElsewhere = error instanceof RelayProblem && error.isElsewhere;
        show({ task: 'none', isElsewhere, problem: { of, sentence } });
      },
    );
  };

  const begin = (keyPair: KeyPair, isKept: boolean): Partial<PublishView> => {
    secret.current = keyPair;
    base.current = undefined;
    return { key: keyPair.publicKey.text, isKept, ...compiled(view.text) };
  };

  const on: PublishActions = {
    makeKey: () => {
      if (!isBusy.current) show(begin(KeyPair.generate(), false));
    },
    openKey: (file, pasted, passphrase) =>
      run('opening', 'key', async () => {
        const changes = begin(await openKeyFile(file, pasted, passphrase), true);
        show({ ...changes, task: 'reading' });
        const key = secret.current?.publicKey;
        base.current = key === undefined ? undefined : await readNewest(key);
        return base.current === undefined ? changes : { ...changes, ...compiled(zoneTextOf(base.current)) };
      }),
    saveKey: (passphrase) =>
      run('saving', 'key', async () => {
        if (secret.current !== undefined) await saveKeyFile(secret.current, passphrase);
        return { isKept: true };
      }),
    edit: (text) => show({ ...compiled(text), isEdited: true }),
    goTo: ({ line, column }) => {
      const editor = document.getElementById(ZONE_ID);
      if (!(editor instanceof HTMLTextAreaElement)) return;
      const lines = editor.value.split('\n');
      const start = lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0);
      editor.focus();
      editor.setSelectionRange(start + column - 1, start + (lines[line - 1]?.length ?? 0));
    },
    takeOver: () => {
      if (base.current === undefined) return;
      const text = zoneTextOf(base.current);
      typeOver(text);
      show({ isElsewhere: false, isEdited: false, ...compiled(text) });
    },
    publish: () => {
      const { zone } = view;
      const keyPair = secret.current;
      if (zone?.ok !== true || keyPair === undefined) return;
      run('publishing', 'zone', async () => {
        const held = await readNewest(keyPair.publicKey);
        // What somebody published elsewhere is not replaced unseen.
        if (held !== undefined && (base.current === undefined || held.isNewerThan(base.current))) {
          base.current = held;
          throw new RelayProblem(
            'The network holds another packet of this key, published elsewhere. Publish again to replace it.',
            { isElsewhere: true },
          );
        }
        const { packet, nodes } = await writeToRelay(keyPair, zone.message, base.current);
        base.current = packet;
        const date = new Date(Number(packet.timestamp / 1000n)).toISOString();
        const isHere = location.protocol === 'http:';
        const site = `http://${packet.key}.localhost:${location.port}/`;
        // Somebody may have gone on writing meanwhile.
        const isEdited = zone !== latest.current.zone;
        return { isElsewhere: false, isEdited, published: { nodes, date, ...(isHere && { site }) } };
      });
    },
  };

  useEffect(() => {
    if (view.isKept && !view.isEdited) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [view.isKept, view.isEdited]);

  // The form that had the focus is gone.
  useEffect(() => {
    if (view.key !== undefined) document.getElementById(KEY_TITLE_ID)?.focus();
  }, [view.key]);

  // The first drawing is what the server drew, with everything disabled: Preact takes it over as it is.
  const [isReady, setReady] = useState(false);
  useEffect(() => setReady(true), []);

  return <PublishSection view={view} {...(isReady && { on })} />;
}

/** Types a text in the place of what the editor has: so that it can be undone there, which is not so with a value that is set. */
function typeOver(text: string): void {
  const editor = document.getElementById(ZONE_ID);
  if (!(editor instanceof HTMLTextAreaElement)) return;
  editor.focus();
  editor.select();
  document.execCommand(text === '' ? 'delete' : 'insertText', false, text);
}
