// Two comforts. Everything works without them.

// whoever moves a slider means the answer
for (const slider of document.querySelectorAll("[data-ticks]")) {
  slider.addEventListener("input", () => { document.getElementById(slider.dataset.ticks).checked = true; });
}

// long work is looked at once a second, and the page is loaded again when it has ended
const goesOn = document.getElementById("goes-on");
if (goesOn) {
  const bar = document.getElementById("progress");
  const look = async () => {
    const answer = await fetch("/work.json", { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const now = await answer.json();
    if (!now.goes_on) { location.reload(); return; }
    if (now.total) { bar.max = now.total; bar.value = now.done; }
    setTimeout(look, 1000);
  };
  setTimeout(look, 500);
}
