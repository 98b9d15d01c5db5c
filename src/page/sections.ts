/** The sections of the page, in the order in which they are named at its top. Each has a folder, and its own route. */
export const sections = {
  now: { path: '/', title: 'Now' },
  'look-up': { path: '/lookup', title: 'Look up' },
  names: { path: '/names', title: 'Names' },
  publish: { path: '/publish', title: 'Publish' },
} as const;

/** The name of a section. */
export type SectionName = keyof typeof sections;

/** The title of a document: `example.com · Look up · pkarrd`. @param what what it is about; may be empty. */
export function titleText(section: SectionName, what: string): string {
  return [what, sections[section].title, 'pkarrd'].filter((part) => part !== '').join(' · ');
}
