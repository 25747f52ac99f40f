import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { box } from '../state/lookups.ts';
import { buckets, contacts, links } from '../state/network.ts';
import { isLate, node, status, wasLinked } from '../state/session.ts';
import { plural } from '../view/plural.ts';
import { displayName } from '../view/people.ts';
import { useFocusHeir } from '../widgets/focus-heir.ts';
import { Icon } from '../widgets/icon.tsx';
import { BucketView } from './bucket-view.tsx';
import { ContactTable } from './contact-table.tsx';
import { LinkList } from './link-list.tsx';
import { LookupBox } from './lookup-box.tsx';
import { NetworkEmpty } from './network-empty.tsx';
import { Ring } from './ring.tsx';

/** Who is in the network: drawn, looked up and listed. */
export function NetworkPanel() {
  const [hasRoom] = useState(isWide);
  const count = links.value.length;
  const others = contacts.value.length;
  return (
    <section class="panel network" id="network" aria-labelledby="network-title">
      <header class="panel-head">
        <h2 id="network-title">Network</h2>
        <p class="panel-note">
          <span data-testid="link-count">{count}</span> {count === 1 ? 'link' : 'links'}
          {status.value &&
            status.value.networkSize > 1 &&
            ` · about ${plural(status.value.networkSize, 'peer')} in all`}
        </p>
      </header>
      <Ring />
      {count === 0 && <NetworkEmpty />}
      <LinkProblem />
      {(wasLinked.value || box.value.kind !== 'idle') && <LookupBox />}
      {count > 0 && (
        <Fold title={plural(count, 'live link')} testId="links-fold" isOpen>
          <LinkList />
        </Fold>
      )}
      {others > 0 && (
        <>
          <Fold title={plural(buckets.value.length, 'bucket')} testId="buckets-fold" isOpen={hasRoom}>
            <BucketView />
          </Fold>
          <Fold title={`${plural(others, 'contact')} in the routing table`} testId="contacts-fold">
            <ContactTable />
          </Fold>
        </>
      )}
    </section>
  );
}

interface FoldProps {
  readonly title: string;
  readonly testId: string;
  /** Open to begin with. */
  readonly isOpen?: boolean;
  readonly children: ComponentChildren;
}

function Fold({ title, testId, isOpen = false, children }: FoldProps) {
  const fold = useRef<HTMLDetailsElement>(null);
  useFocusHeir(fold);
  return (
    <details ref={fold} class="fold" data-testid={testId} open={isOpen}>
      <summary>
        <Icon name="chevron" />
        {title}
      </summary>
      {children}
    </details>
  );
}

/** The newest link that could not be opened: named at once, and with help when there is no other. */
function LinkProblem() {
  const problem = status.value?.linkProblem;
  if (!problem) return null;
  const contact = contacts.value.find(({ id }) => id === problem.peer);
  const name = displayName({ id: problem.peer, name: contact?.name });
  const isAlone = links.value.length === 0;
  return (
    <div class={isAlone ? 'problem bad' : 'problem'} data-testid="link-problem" data-code={problem.code}>
      <Icon name="alert" />
      <div>
        <strong>No link to {name}</strong>
        <p>{problem.message}</p>
        {isAlone && isLate.value && node.value && (
          <p class="hint">
            Common causes: a firewall or VPN that blocks UDP, two strict routers and no TURN server, or a page that was
            just closed over there. Skein keeps trying.
          </p>
        )}
      </div>
    </div>
  );
}

/** Phones show the files sooner when the buckets wait for a tap. */
function isWide(): boolean {
  return matchMedia('(width >= 700px)').matches;
}
