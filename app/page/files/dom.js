// What the page's parts find and make in the document.

export const $ = (id) => document.getElementById(id);

/** An element with its attributes and what is in it; text stays text. */
export function element(name, attributes = {}, ...content) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...content);
  return made;
}
