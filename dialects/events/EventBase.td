// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The classes that Events.td is written in.

#ifndef TILEWORK_DIALECTS_EVENTS_EVENTBASE
#define TILEWORK_DIALECTS_EVENTS_EVENTBASE

// A block that is counted. `n` is its short name, as instructions, waits and queues call it; `b` its block: folder, class,
// parameters, reports; `t` what prose calls it; `c` the colour that pictures paint it with. Units stand in the order of
// their numbers.
class Unit<string n, string b, string t, string c> {
  string name = n;
  string block = b;
  string title = t;
  string colour = c;
  // Has a queue that the sequencer dispatches to, and retires instructions.
  bit dispatched = 1;
}

// What a unit does in a cycle: one value a cycle and unit, so that a unit's counts add up to the cycles of a run. A unit that
// moved something is busy; else it reports the first cause that applies in the order of the records. The head of its queue is
// asked once the stage that takes it is free: what holds the instructions before it comes first. `l` is a label of a few
// words, `s` the sentence, `c` the colour that pictures paint it with, in the pattern `p`: solid, faint (the tone of the page,
// a little off), stripes or dots. Colours differ for every eye, red-green and blue-yellow blind ones too; a test measures them.
class Activity<string n, string l, string s, string c, string p = "solid"> {
  string name = n;
  string label = l;
  string sentence = s;
  string colour = c;
  string pattern = p;
}

// Activities that are one for each dispatched unit: the record stands for all of them, `name`, `label` and `sentence` carry
// the unit in place of UNIT (its name) or TITLE (its title). A colour each; without a list, those of the units.
class ActivityOfUnit<string n, string l, string s, string p, list<string> c = []> {
  string name = n;
  string label = l;
  string sentence = s;
  string pattern = p;
  list<string> colours = c;
}

// A sum over a run beside the activities.
class Counter<string n, string u, string s> {
  string name = n;
  string unit = u;
  string sentence = s;
}

#endif // TILEWORK_DIALECTS_EVENTS_EVENTBASE
