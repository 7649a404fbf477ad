import MarkdownIt from 'markdown-it';

const md = new MarkdownIt({html: false, linkify: false, typographer: true});

// Pictures come from the page itself or from the text: nothing is fetched from elsewhere by reading a notebook.
md.renderer.rules['image'] = (tokens, index, _options, env) => {
  const token = tokens[index];
  const source = String(token?.attrGet('src') ?? '');
  const words = md.utils.escapeHtml(token?.content ?? '');
  const url = URL.parse(source, document.baseURI);
  const own =
    url !== null &&
    ((env?.['still'] !== true && url.origin === location.origin) ||
      /^data:image\/(png|jpeg|gif|webp)[;,]/i.test(source));
  return own
    ? `<img src="${md.utils.escapeHtml(url.href)}" alt="${words}" loading="lazy">`
    : `<em>[picture: ${words || md.utils.escapeHtml(source)}]</em>`;
};

const openLink = md.renderer.rules['link_open'];
md.renderer.rules['link_open'] = (tokens, index, options, env, self) => {
  const token = tokens[index];
  if (token !== undefined && !String(token.attrGet('href') ?? '').startsWith('#')) {
    token.attrSet('target', '_blank');
    token.attrSet('rel', 'noopener noreferrer');
  }
  return openLink === undefined
    ? self.renderToken(tokens, index, options)
    : openLink(tokens, index, options, env, self);
};

/** Markdown as HTML; HTML in the text stays text. With `still`, pictures are shown only if the text holds them. */
export const renderMarkdown = (text: string, still = false): string => md.render(text, {still});
