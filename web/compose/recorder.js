// A voice from the microphone, as the samples themselves: no codec touches it.
import {kVoiceRate, resample, wavOf} from './wav.js';

export const kLongestSeconds = 30;

const kNoDevices = 'Browsers give the microphone only to pages from this machine or over HTTPS.';
const kRefusals = {
  NotAllowedError: 'The browser may not use the microphone: allow it for this page in the address bar.',
  NotFoundError: 'There is no microphone.',
  NotReadableError: 'The microphone is in use by another program.',
};

export class Recorder {
  #context;
  #stream;
  #blocks = [];
  #onLevel;

  /** @param {(level: number, seconds: number) => void} onLevel level: 0 to 1, several times a second */
  constructor(onLevel) {
    this.#onLevel = onLevel;
  }

  get seconds() {
    return this.#blocks.reduce((sum, block) => sum + block.length, 0) / (this.#context?.sampleRate ?? 1);
  }

  /** Throws an Error whose message is for people. */
  async start() {
    if (!navigator.mediaDevices) throw new Error(kNoDevices);
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia(
        {audio: {channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false}});
    } catch (error) {
      throw new Error(kRefusals[error.name] ?? `The microphone cannot be used (${error.name}).`);
    }
    this.#context = new AudioContext();
    await this.#context.audioWorklet.addModule('/compose/capture_worklet.js');
    const capture = new AudioWorkletNode(this.#context, 'capture', {numberOfOutputs: 0});
    capture.port.onmessage = ({data}) => this.#take(data);
    this.#context.createMediaStreamSource(this.#stream).connect(capture);
  }

  #take(block) {
    this.#blocks.push(block);
    if (this.#blocks.length % 16 === 0) this.#onLevel(Math.max(...block.map(Math.abs)), this.seconds);
  }

  /** Ends the recording. @returns {Promise<Blob>} a WAV file at 16 kHz */
  async stop() {
    this.cancel();
    const samples = new Float32Array(this.#blocks.reduce((sum, block) => sum + block.length, 0));
    let at = 0;
    for (const block of this.#blocks) {
      samples.set(block, at);
      at += block.length;
    }
    return wavOf(await resample(samples, this.#context.sampleRate, kVoiceRate), kVoiceRate);
  }

  /** Lets the microphone go. */
  cancel() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    if (this.#context && this.#context.state !== 'closed') this.#context.close();
  }
}
