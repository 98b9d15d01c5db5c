/** The id of the element that the script takes over, and of the one that has what it begins with. */
export const ROOT_ID = 'section';
export const DATA_ID = 'data';
