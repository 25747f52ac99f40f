import { nameOf } from '../state/names.ts';
import { contacts, links } from '../state/network.ts';
import { node } from '../state/session.ts';
import { stateOf } from '../view/contact-order.ts';
import { formatRtt } from '../view/format.ts';
import { shortText } from '../view/people.ts';
import { pathWord } from '../view/status-words.ts';

/** One peer in a line: name, id, how it is reached, its place in the table, round-trip time. */
export function PeerFacts({ id }: { readonly id: string }) {
  return (
    <>
      <strong>{nameOf(id)}</strong> {factsOf(id, nameOf(id) !== shortText(id))}
    </>
  );
}

/** What is known of a peer beside its name, as a text; `withId` is false where the id stands for the name. */
export function factsOf(id: string, withId = true): string {
  const link = links.value.find((each) => each.id === id);
  const contact = contacts.value.find((each) => each.id === id);
  const facts = [
    withId ? shortText(id) : '',
    id === node.value?.id ? 'you' : link ? pathWord(link.path) : contact ? STATE_TEXTS[stateOf(contact)] : 'not known',
    contact ? `bucket ${contact.bucket}` : '',
    contact?.sibling === true ? 'sibling' : '',
    formatRtt((link ?? contact)?.rttMs),
  ];
  return facts.filter((fact) => fact !== '').join(' · ');
}

const STATE_TEXTS = { linked: 'linked', virtual: 'virtual link', known: 'known, not linked' } as const;
