import { Header } from './header/header.tsx';
import { later } from './state/later.ts';

/** The whole page. */
export function App({ wantsMemory }: { readonly wantsMemory: boolean }) {
  const parts = later.value;
  return (
    <>
      <Header />
      <main>
        {parts && <parts.Notices wantsMemory={wantsMemory} />}
        {parts && <parts.CallPanel />}
        <div class="columns">
          {parts ? <parts.NetworkPanel /> : <Place id="network" title="Network" />}
          <div class="column">
            {parts ? <parts.FilesPanel /> : <Place id="files" title="Files" />}
            {parts && <parts.CallsPanel />}
          </div>
        </div>
      </main>
      {parts && <parts.TabBar />}
      {parts && <parts.DropOverlay />}
      {parts && <parts.IncomingDialog />}
      {parts && <parts.MediaProblemDialog />}
    </>
  );
}

/** Keeps the place of a panel until it is here, so that nothing jumps. */
function Place({ id, title }: { readonly id: string; readonly title: string }) {
  return (
    <section class={`panel place ${id}`} id={id} aria-label={title} aria-busy="true">
      <header class="panel-head">
        <h2>{title}</h2>
      </header>
    </section>
  );
}
