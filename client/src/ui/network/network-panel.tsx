import { later } from '../state/later.ts';
import { contacts, links } from '../state/network.ts';
import { isLate, node, status } from '../state/session.ts';
import { displayName } from '../view/people.ts';
import { plural } from '../view/format.ts';
import { Icon } from '../widgets/icon.tsx';
import { Ring } from './ring.tsx';

/** Who is in the network, drawn and listed. */
export function NetworkPanel() {
  const count = links.value.length;
  const others = contacts.value.length;
  const parts = later.value;
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
      {parts && count === 0 && <parts.NetworkEmpty />}
      <LinkProblem />
      {count > 0 && (
        <details class="fold" open>
          <summary>
            <Icon name="chevron" />
            {plural(count, 'live link')}
          </summary>
          {parts && <parts.LinkList />}
        </details>
      )}
      {others > 0 && (
        <details class="fold">
          <summary>
            <Icon name="chevron" />
            {plural(others, 'contact')} in the routing table
          </summary>
          {parts && <parts.ContactList />}
        </details>
      )}
    </section>
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
