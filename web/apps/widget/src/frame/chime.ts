// Two soft notes, made by the browser: no file to load. Silent where the browser forbids sound.

export function chime() {
  try {
    const audio = new AudioContext();
    [660, 880].forEach((pitch, at) => {
      const note = audio.createOscillator();
      const volume = audio.createGain();
      const from = audio.currentTime + at * 0.12;
      note.frequency.value = pitch;
      volume.gain.setValueAtTime(0.08, from);
      volume.gain.exponentialRampToValueAtTime(0.001, from + 0.25);
      note.connect(volume).connect(audio.destination);
      note.start(from);
      note.stop(from + 0.3);
      if (at) note.onended = () => audio.close();
    });
  } catch {
    // No audio device.
  }
}
