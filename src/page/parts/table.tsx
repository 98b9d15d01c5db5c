import type { ComponentChildren } from 'preact';

/** A table with a heading that names it; on a narrow screen it scrolls by itself. */
export function Table({
  caption,
  note,
  head,
  isFixed = false,
  children,
}: {
  readonly caption: string;
  /** What is to be known of it, as a sentence. */
  readonly note?: string;
  /** Of the columns; those with a number are aligned to the right. */
  readonly head: readonly (string | { readonly number: string })[];
  /** Columns keep their width whatever is in them: for what changes while somebody looks. */
  readonly isFixed?: boolean;
  /** Rows of the body. */
  readonly children: ComponentChildren;
}) {
  return (
    <div class="scroll">
      <table class={isFixed ? 'fixed' : undefined}>
        <caption>
          {caption}
          {note === undefined ? null : <span class="small block">{note}</span>}
        </caption>
        <thead>
          <tr>
            {head.map((title) =>
              typeof title === 'string' ? (
                <th scope="col">{title}</th>
              ) : (
                <th scope="col" class="number">
                  {title.number}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** A table of two columns: what, and how much. */
export function Facts({
  caption,
  rows,
}: {
  readonly caption: string;
  readonly rows: readonly (readonly [what: string, value: ComponentChildren])[];
}) {
  return (
    <div class="scroll">
      <table class="facts">
        <caption>{caption}</caption>
        <tbody>
          {rows.map(([what, value]) => (
            <tr>
              <th scope="row">{what}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A number in a table. Another one is another element: text that is aligned to the right would move when it gets longer. */
export function NumberCell({ children: text }: { readonly children: string }) {
  return (
    <td class="number">
      <span key={text}>{text}</span>
    </td>
  );
}
