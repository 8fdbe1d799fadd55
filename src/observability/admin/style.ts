// What the pages of the admin interface share: no file, font or script from elsewhere.

export const style = `
:root {
  color-scheme: light dark;
  --back: light-dark(#f7f7f5, #16181d); --panel: light-dark(#fff, #1e2128); --line: light-dark(#dcdcd6, #333843);
  --text: light-dark(#1d2026, #e4e6ea); --dim: light-dark(#666b75, #9aa1ad);
  --accent: light-dark(#0b6e4f, #4fd1a1); --warn: light-dark(#9a3b00, #ffb37a);
}
* { box-sizing: border-box }
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.45 system-ui, sans-serif }
header { display: flex; gap: 1rem; align-items: baseline; flex-wrap: wrap; padding: .8rem 1.2rem;
  border-bottom: 1px solid var(--line); background: var(--panel) }
h1 { font-size: 1.15rem; margin: 0 } h2 { font-size: 1rem; margin: 0 0 .5rem }
a { color: var(--accent) } .dim { color: var(--dim) } .bad { color: var(--warn) }
pre, code, input, select { font: 13px/1.45 ui-monospace, monospace }
input, select, button { padding: .3rem .5rem; border: 1px solid var(--line); border-radius: 5px;
  background: var(--back); color: inherit }
button { font: inherit; cursor: pointer; background: var(--accent); color: var(--panel); border: 0; padding: .35rem .8rem }
button.post { background: var(--warn) }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere }
.panel { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem }
label { display: grid; gap: .15rem; margin: .4rem 0 } label.flag { display: flex; gap: .4rem; align-items: center }
`;
