"use strict";

const byId = (id) => document.getElementById(id);
let maxBytes = Infinity;

// Sends a photo; returns the answer, or throws its one line of what is wrong.
async function send(path, file) {
  let answer;
  try {
    answer = await fetch(path, { method: "POST", body: file });
  } catch {
    throw new Error("no answer: has the program ended?");
  }
  if (!answer.ok) {
    const { error } = await answer.json();
    throw new Error(error);
  }
  return answer;
}

function say(text) {
  byId("status").textContent = text;
}

// Returns a photo's place on the page, shown at once.
function place(file) {
  const item = byId("photo").content.cloneNode(true).firstElementChild;
  const seen = item.querySelector(".seen");
  seen.src = URL.createObjectURL(file);
  seen.alt = file.name;
  item.querySelector(".file").textContent = file.name;
  item.querySelector(".note").textContent = "Classifying…";
  byId("photos").prepend(item);
  return item;
}

function fail(item, error) {
  const note = item.querySelector(".note");
  note.textContent = error.message;
  note.classList.replace("quiet", "error");
}

function showClass(item, file, { name, probability }) {
  const button = document.createElement("button");
  const words = [name, `${(100 * probability).toFixed(1)} %`].map((text) => {
    const span = document.createElement("span");
    span.textContent = text;
    return span;
  });
  words[1].className = "share";
  button.append(...words);
  button.type = "button";
  button.style.setProperty("--share", `${100 * probability}%`);
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => toggle(item, file, name, button));
  const line = document.createElement("li");
  line.append(button);
  item.querySelector(".classes").append(line);
}

// Shows where the photo speaks for a class, or the photo again.
async function toggle(item, file, name, button) {
  const [seen, heat] = [item.querySelector(".seen"), item.querySelector(".heat")];
  const on = button.getAttribute("aria-pressed") !== "true";
  for (const other of item.querySelectorAll(".classes button")) {
    other.setAttribute("aria-pressed", String(on && other === button));
  }
  if (on) {
    try {
      const answer = await send(`explain?class=${encodeURIComponent(name)}`, file);
      if (button.getAttribute("aria-pressed") !== "true") return; // meanwhile another
      URL.revokeObjectURL(heat.src);
      heat.src = URL.createObjectURL(await answer.blob());
      heat.alt = `${file.name}: where it speaks for ${name}`;
      say(`Shown in colours: where ${file.name} speaks for ${name}.`);
    } catch (error) {
      button.setAttribute("aria-pressed", "false");
      fail(item, error);
      return;
    }
  }
  heat.hidden = !on;
  seen.hidden = on;
}

async function classify(file) {
  const item = place(file);
  const note = item.querySelector(".note");
  try {
    if (file.size > maxBytes) {
      const most = (maxBytes / 2 ** 20).toFixed(0);
      throw new Error(`the photo has more than ${most} MB`);
    }
    const { classes } = await (await send("classify", file)).json();
    for (const found of classes) showClass(item, file, found);
    note.textContent = "Choose a class to see where the photo speaks for it.";
    say(`${file.name}: ${classes[0].name}.`);
  } catch (error) {
    fail(item, error);
    say(`${file.name}: ${error.message}`);
  }
}

async function classifyAll(files) {
  for (const file of files) await classify(file);
}

async function describe() {
  const found = await (await fetch("model")).json();
  maxBytes = found.max_bytes;
  const count = found.classes.length.toLocaleString("en");
  byId("network").textContent = `${found.network}, ${count} classes, ${found.checkpoint}`;
}

byId("files").addEventListener("change", (event) => {
  classifyAll([...event.target.files]);
  event.target.value = "";
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    byId("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop") classifyAll([...event.dataTransfer.files]);
  });
}
document.addEventListener("paste", (event) => {
  classifyAll([...event.clipboardData.files]);
});
describe();
