/** How a fragment that carries a notebook begins. */
export const linkKey = '#notebook=';
