import { people } from '../state/people.ts';
import { canCall, placeCall } from '../state/calls.ts';
import { Avatar } from '../widgets/avatar.tsx';
import { Button } from '../widgets/button.tsx';
import { PathBadge } from '../widgets/path-badge.tsx';
import { AddressForm } from './address-form.tsx';
import type { PersonEntry } from '../state/people.ts';

/** Who can be called, and a box for everyone else. */
export function CallsPanel() {
  return (
    <section class="panel calls" id="calls" aria-labelledby="calls-title">
      <header class="panel-head">
        <h2 id="calls-title">Calls</h2>
        <p class="panel-note">encrypted from browser to browser</p>
      </header>
      {people.value.length === 0 ? (
        <p class="quiet-line">People appear here as soon as they are linked with you.</p>
      ) : (
        <ul class="people" aria-label="People" tabIndex={0}>
          {people.value.map((person) => (
            <PersonRow key={person.id} person={person} />
          ))}
        </ul>
      )}
      <AddressForm />
    </section>
  );
}

function PersonRow({ person }: { readonly person: PersonEntry }) {
  const { id, name, link } = person;
  const call = (video: boolean): void => void placeCall({ who: id, name }, { audio: true, video });
  return (
    <li class="person" data-testid="person-row" data-peer-id={id}>
      <Avatar id={id} name={name} />
      <div class="person-texts">
        <span class="clip person-name">{name}</span>
        {link ? <PathBadge path={link.path} /> : <span class="hint">called before</span>}
      </div>
      <div class="person-actions">
        <Button
          label={`Call ${name}`}
          icon="phone"
          iconOnly
          testId="call-audio"
          disabled={!canCall.value}
          onClick={() => call(false)}
        />
        <Button
          label={`Call ${name} with video`}
          icon="video"
          iconOnly
          testId="call-video"
          disabled={!canCall.value}
          onClick={() => call(true)}
        />
      </div>
    </li>
  );
}
