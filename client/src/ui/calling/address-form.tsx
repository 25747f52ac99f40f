import { canCall, placeCall, wantedAddress } from '../state/calls.ts';
import { addressFromText } from '../view/hash-link.ts';
import { Button } from '../widgets/button.tsx';

/** Calls someone by address, whether or not there is a link. */
export function AddressForm() {
  const address = addressFromText(wantedAddress.value);
  const call = (video: boolean): void => {
    if (address === '') return;
    // The readable part before the fingerprint is a name good enough until the other side says its own.
    void placeCall({ who: address, name: address.split('.')[0] ?? address }, { audio: true, video });
  };
  const disabled = address === '' || !canCall.value;
  return (
    <form
      class="field-row"
      onSubmit={(event) => {
        event.preventDefault();
        call(false);
      }}
    >
      <input
        data-testid="address-input"
        aria-label="Address to call"
        placeholder="Address or call link"
        spellcheck={false}
        autocomplete="off"
        value={wantedAddress.value}
        onInput={(event) => (wantedAddress.value = event.currentTarget.value)}
      />
      <Button
        label="Call this address"
        icon="phone"
        iconOnly
        testId="address-call-audio"
        disabled={disabled}
        onClick={() => call(false)}
      />
      <Button
        label="Call this address with video"
        icon="video"
        iconOnly
        testId="address-call-video"
        disabled={disabled}
        onClick={() => call(true)}
      />
    </form>
  );
}
