import type { CompiledZone } from '../../library/zone.ts';

/** What the section shows. No part of it is secret. */
export interface PublishView {
  /**
   * Whether browsers trust the way to the page. Where they do not, somebody on the way could change the page and take the
   * key, so there is nothing to do.
   */
  readonly isSecure: boolean;
  /** The public key as text; absent until there is one. */
  readonly key?: string;
  /** Whether the key is in a file: one that was opened, or that was saved here. */
  readonly isKept: boolean;
  /** What stands in the editor. */
  readonly text: string;
  /** Somebody has written there what is not published. */
  readonly isEdited: boolean;
  /** What `text` compiles to under the key. */
  readonly zone?: CompiledZone;
  /** What is being done; nothing else can be begun meanwhile. */
  readonly task: 'none' | 'opening' | 'reading' | 'saving' | 'publishing';
  /** Why the last task came to nothing, and which it was. */
  readonly problem?: { readonly of: 'key' | 'zone'; readonly sentence: string };
  /** The network holds a packet of the key that was not made here. */
  readonly isElsewhere: boolean;
  readonly published?: Published;
}

/** What became of a packet. */
export interface Published {
  /** Nodes of the DHT that stored it. */
  readonly nodes: number;
  /** When it was signed, as text. */
  readonly date: string;
  /** Where a browser on this machine opens the site; absent for clients elsewhere. */
  readonly site?: string;
}

/** What somebody can do. Absent without scripting. */
export interface PublishActions {
  readonly makeKey: () => void;
  /** @param secret 64 hexadecimal digits that were pasted; empty if a file is given. */
  readonly openKey: (file: File | undefined, secret: string, passphrase: string) => void;
  readonly saveKey: (passphrase: string) => void;
  readonly edit: (text: string) => void;
  /** Puts the caret where an error is. */
  readonly goTo: (at: { readonly line: number; readonly column: number }) => void;
  /** Takes the records that the network holds into the editor. */
  readonly takeOver: () => void;
  readonly publish: () => void;
}

/** The section before there is a key. */
export function emptyPublishView(isSecure: boolean): PublishView {
  return { isSecure, isKept: true, text: FIRST_TEXT, isEdited: false, task: 'none', isElsewhere: false };
}

/** What stands in the editor at first. */
const FIRST_TEXT = `; Names are relative to the key; @ is the key itself.
@    A      192.0.2.1
www  CNAME  @
`;
