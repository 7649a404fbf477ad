import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
} from '@codemirror/autocomplete';
import {defaultKeymap, history, historyKeymap} from '@codemirror/commands';
import {bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting} from '@codemirror/language';
import {Compartment, EditorState, Prec, type Extension} from '@codemirror/state';
import {drawSelection, EditorView, keymap, placeholder} from '@codemirror/view';
import {tags} from '@lezer/highlight';

export type Language = 'sql' | 'markdown' | 'yaml';
/** Tables and their columns, for completion. */
export type Schema = Readonly<Record<string, readonly string[]>>;

export interface EditorOptions {
  readonly parent: HTMLElement;
  readonly text: string;
  readonly language: Language;
  readonly label: string;
  readonly schema: Schema;
  readonly hint: string;
  readonly onChange: (text: string) => void;
  /** Mod+Enter, and Shift+Enter with `moveOn`. */
  readonly onRun: (moveOn: boolean) => void;
  readonly onLeave: () => void;
}

export interface Editor {
  text(): string;
  setText(text: string): void;
  setSchema(schema: Schema): void;
  focus(): void;
  selectAll(): void;
  destroy(): void;
}

const look = EditorView.theme({
  '&': {backgroundColor: 'transparent', color: 'var(--text)', fontSize: '13px'},
  '&.cm-focused': {outline: 'none'},
  '.cm-content': {padding: '0', fontFamily: 'var(--font-mono)', lineHeight: '1.6', caretColor: 'var(--accent)'},
  '.cm-line': {padding: '0'},
  '.cm-scroller': {fontFamily: 'inherit', lineHeight: 'inherit'},
  '.cm-cursor': {borderLeftColor: 'var(--accent)', borderLeftWidth: '2px'},
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--accent-soft)',
  },
  '.cm-matchingBracket': {backgroundColor: 'var(--accent-soft)', outline: '1px solid var(--line-strong)'},
  '.cm-placeholder': {color: 'var(--faint)'},
  '.cm-tooltip': {
    border: '1px solid var(--line)',
    borderRadius: '8px',
    backgroundColor: 'var(--surface)',
    boxShadow: 'var(--shadow)',
    overflow: 'hidden',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': {fontFamily: 'var(--font-mono)', fontSize: '12.5px'},
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': {padding: '3px 10px'},
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--accent-soft)',
    color: 'var(--text)',
  },
});

const colours = HighlightStyle.define([
  {tag: [tags.keyword, tags.operatorKeyword], color: 'var(--accent)'},
  {tag: [tags.string, tags.special(tags.string)], color: 'var(--good)'},
  {tag: [tags.number, tags.bool, tags.null], color: 'var(--bronze)'},
  {tag: tags.comment, color: 'var(--faint)', fontStyle: 'italic'},
  {tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent)'},
  {tag: tags.heading, fontWeight: '600'},
  {tag: tags.emphasis, fontStyle: 'italic'},
  {tag: tags.strong, fontWeight: '600'},
  {tag: [tags.link, tags.url], color: 'var(--accent)'},
  {tag: [tags.processingInstruction, tags.meta], color: 'var(--faint)'},
]);

// Each grammar is fetched with the first editor that needs it: Markdown's brings those of HTML, CSS and JavaScript along.
const grammars = {
  sql: async (schema: Schema): Promise<Extension> => {
    const {PostgreSQL, sql} = await import('@codemirror/lang-sql');
    return sql({
      dialect: PostgreSQL,
      schema: Object.fromEntries(Object.entries(schema).map(([table, columns]) => [table, [...columns]])),
      upperCaseKeywords: true,
    });
  },
  yaml: async (): Promise<Extension> => (await import('@codemirror/lang-yaml')).yaml(),
  markdown: async (): Promise<Extension> => (await import('@codemirror/lang-markdown')).markdown(),
} satisfies Record<Language, (schema: Schema) => Promise<Extension>>;

/** A CodeMirror editor in `parent`. Tab leaves it: it is no trap for the keyboard. */
export async function openEditor({
  parent,
  text,
  language,
  label,
  schema,
  hint,
  onChange,
  onRun,
  onLeave,
}: EditorOptions): Promise<Editor> {
  const first = await grammars[language](schema);
  const grammar = new Compartment();
  const run =
    (moveOn: boolean) =>
    (target: EditorView): boolean => {
      // A list of words to choose from would cover the result.
      closeCompletion(target);
      onRun(moveOn);
      return true;
    };
  // A text that comes from the notebook is no edit of the user's.
  let quiet = false;
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        Prec.high(
          keymap.of([
            {key: 'Mod-Shift-Enter', run: () => false},
            {key: 'Mod-Enter', run: run(false)},
            {key: 'Shift-Enter', run: run(true)},
          ]),
        ),
        history(),
        drawSelection(),
        bracketMatching(),
        indentOnInput(),
        ...(language === 'markdown'
          ? [EditorView.lineWrapping]
          : [closeBrackets(), autocompletion({activateOnTyping: true, icons: false})]),
        syntaxHighlighting(colours),
        grammar.of(first),
        keymap.of([
          ...completionKeymap,
          ...closeBracketsKeymap,
          ...historyKeymap,
          ...defaultKeymap.filter((binding) => binding.key !== 'Mod-Enter' && binding.key !== 'Escape'),
        ]),
        keymap.of([{key: 'Escape', run: () => (onLeave(), true)}]),
        look,
        placeholder(hint),
        EditorView.contentAttributes.of({
          'aria-label': label,
          tabindex: '0',
          spellcheck: language === 'markdown' ? 'true' : 'false',
        }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !quiet) onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    text: () => view.state.doc.toString(),
    setText: (next) => {
      quiet = true;
      view.dispatch({changes: {from: 0, to: view.state.doc.length, insert: next}});
      quiet = false;
    },
    setSchema: (next) => {
      if (language === 'sql')
        void grammars.sql(next).then((extension) => view.dispatch({effects: grammar.reconfigure(extension)}));
    },
    focus: () => view.focus(),
    selectAll: () => view.dispatch({selection: {anchor: 0, head: view.state.doc.length}}),
    destroy: () => view.destroy(),
  };
}
