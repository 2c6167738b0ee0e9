"""The page as a whole: phone width, names of controls, contrast, and modules without a page."""
from studio_case import BALLS, Studio


class Everywhere(Studio):
    def test_a_phone_shows_all_without_scrolling_sideways(self):
        self.browser.show(390, 844, touch=True)
        for hash in ("", f"#/film/{self.ids[0]}", f"#/compare/{self.ids[0]}/{self.ids[1]}"):
            self.open(hash)
            self.browser.find("video, .film-card")
            self.assertEqual(self.browser.run("return document.documentElement.scrollWidth"), 390, hash)
        self.open("")
        self.browser.find(".film-card")
        self.make(BALLS)
        self.browser.until(lambda: self.browser.count(".film-card") == 4, "the film")

    def test_all_controls_have_names_and_ids_are_unique(self):
        self.queue_of("one", "two")
        for hash in ("", f"#/film/{self.ids[0]}", f"#/compare/{self.ids[0]}/{self.ids[1]}"):
            self.open(hash)
            self.browser.find("video, .film-card")
            nodes = self.browser.devtools("Accessibility.getFullAXTree")["nodes"]
            roles = ("button", "link", "textbox", "spinbutton", "combobox", "checkbox", "radio", "slider", "switch",
                "searchbox", "image")
            nameless = [node["role"]["value"] for node in nodes if not node["ignored"]
                and node["role"]["value"] in roles
                        and not node.get("name", {}).get("value")]
            self.assertEqual(nameless, [], hash)
            double = """const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
              return ids.filter((id, i) => ids.indexOf(id) !== i)"""
            self.assertEqual(self.browser.run(double), [], hash)

    def test_text_has_enough_contrast_in_both_themes(self):
        for dark in (False, True):
            self.browser.show(1440, 900, dark)
            pairs = self.browser.run(CONTRAST)
            self.assertGreater(len(pairs), 10)
            self.assertEqual([pair for pair in pairs if pair[2] < 4.5], [], "dark" if dark else "light")

    def test_the_event_parser_joins_what_the_network_cuts(self):
        events = self.browser.run("""return import('/server/events.js').then(({EventParser}) => {
          const parser = new EventParser();
          const text = 'id: 7\\r\\nevent: job\\ndata: {"a":\\ndata: 1}\\n\\n: beat\\n\\ndata: x\\n\\nid: 9\\n';
          return [...text].flatMap((letter) => parser.push(letter));
        })""")
        self.assertEqual(events, [{"id": "7", "event": "job", "data": '{"a":\n1}'}, {"event": "message", "data": "x"}])

    def test_an_answer_that_was_overtaken_changes_nothing(self):
        states = self.browser.run("""return import('/state/jobs.js').then(async ({Jobs}) => {
          const jobs = new Jobs();
          let arrive;
          const late = jobs.answered(new Promise((resolve) => { arrive = resolve; }), (page) => page.jobs);
          await jobs.answered(Promise.resolve({id: 'made', state: 'succeeded'}));
          jobs.remove('deleted');
          arrive({jobs: ['made', 'deleted', 'other'].map((id) => ({id, state: 'running'}))});
          await late;
          return ['made', 'deleted', 'other'].map((id) => jobs.get(id)?.state ?? null);
        })""")
        self.assertEqual(states, ["succeeded", None, "running"])

    def test_an_answer_that_breaks_off_is_asked_for_again(self):
        asked = self.browser.run("""const real = window.fetch;
          let asked = 0;
          window.fetch = (path, options) => path !== '/probe' ? real(path, options)
            : Promise.resolve(new Response(++asked === 1 ? '{"id": "a' : '{"id": "a job"}'));
          return Promise.all([import('/server/client.js'), import('/server/patience.js')])
            .then(([{Client}, {insist}]) => insist(() => new Client().get('/probe')))
            .then(({id}) => [id, asked]).finally(() => { window.fetch = real; });""")
        self.assertEqual(asked, ["a job", 2])

    def test_the_spectrogram_finds_a_tone(self):
        band = self.browser.run("""return import('/film/fourier.js').then(({spectrogram}) => {
          const tone = Float32Array.from({length: 48000}, (_, i) => 0.5 * Math.sin(2 * Math.PI * 1125 * i / 48000));
          const levels = spectrogram(tone, 48000, {columns: 10, bands: 96}).slice(5 * 96, 6 * 96);
          const loudest = levels.indexOf(Math.max(...levels));
          return [loudest, levels[loudest]];
        })""")
        # 1125 Hz, the middle of bin 24 of 1024, are 2595 log10(1 + 1125 / 700) = 1080 mel of 4016; half of full scale
        # is -6 dB.
        self.assertAlmostEqual(band[0], 96 * 1080 / 4016, delta=1)
        self.assertAlmostEqual(band[1], -6.02, delta=0.1)


# Contrast (WCAG 2.2) of the page's colours for text on the grounds that they stand on.
CONTRAST = """
  const probe = document.body.appendChild(document.createElement('i'));
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  const color = (name) => { probe.style.setProperty('color',
      `var(--${name})`); canvas.fillStyle = getComputedStyle(probe).color;
    canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3); };
  const light = (rgb) => rgb.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ratio = (a, b) => { const [x, y] = [light(color(a)),
      light(color(b))].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  const grounds = {ink: ['paper', 'card', 'raised'], 'ink-soft': ['paper', 'card', 'raised'],
      picture: ['paper', 'card', 'picture-tint'],
    'on-picture': ['picture'], sound: ['paper', 'card', 'sound-tint'], bad: ['paper', 'card',
        'bad-tint'], fair: ['picture-tint', 'card']};
  const pairs = Object.entries(grounds).flatMap(([text, all]) => all.map((ground) => [text, ground,
      ratio(text, ground)]));
  probe.remove();
  return pairs;
"""
