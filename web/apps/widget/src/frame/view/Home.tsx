import { config, invitation, lang, w } from "../chat";
import { chooseTopic, sendText } from "../sending";
import { Face } from "./Face";

/** Before the first word: the greeting, what people often ask, and what it may be about. */
export function Home() {
  const now = config.value;
  if (!now) return <div class="home skeleton" aria-hidden="true"><i /><i /><i /></div>;
  const invited = invitation.value;
  const greeting = invited?.text || now.welcome[lang.value] || now.welcome.zh || now.welcome.en;
  const who = invited?.persona ?? { name: now.company[lang.value] || now.company.zh || now.title.zh };
  const questions = now.quick_questions.map((question) => question[lang.value] || question.zh || question.en).filter(Boolean);
  return (
    <div class="home">
      {greeting && (
        <div class="said other first last">
          <Face of={who} />
          <div class="block">
            <p class="who">{who.name}</p>
            <div class="bubble">
              <p class="text">{greeting}</p>
            </div>
          </div>
        </div>
      )}
      {now.topics.length > 0 && (
        <section aria-labelledby="topics">
          <h2 id="topics">{w.value.topics}</h2>
          <div class="chips">
            {now.topics.map((topic, at) => (
              <button key={at} onClick={() => chooseTopic(at)}>
                {topic.label[lang.value] || topic.label.zh || topic.label.en}
              </button>
            ))}
          </div>
        </section>
      )}
      {questions.length > 0 && (
        <section aria-labelledby="questions">
          <h2 id="questions">{w.value.questions}</h2>
          <div class="list">
            {questions.map((question) => (
              <button key={question} onClick={() => sendText(question)}>
                {question}
              </button>
            ))}
          </div>
        </section>
      )}
    </div>
  );
}
