console.log("no protocol documents yet");
