/* A question to another program: its words, what it reads, what it answers. No shell. */
#ifndef RL_CLI_ASK_H
#define RL_CLI_ASK_H

#include "cli/session.h"

enum { RL_ANSWER_MAX = 256 * 1024 * 1024, RL_COMPLAINT_BYTES = 512, RL_QUESTION_WORDS = 8 };

typedef struct rl_question {
  const char *words[RL_QUESTION_WORDS]; /* a name that is looked up in PATH first, NULL last */
  int input;                            /* what it reads; -1: nothing. The caller closes it */
  const char *variable;                 /* "NAME=value" for its environment; NULL: no more */
  int64_t timeout_ms; /* then it is ended, with all that it started; 0: it is waited for */
  rl_buf answer;      /* of its standard output; in the session's arena */
  char complaint[RL_COMPLAINT_BYTES]; /* the first line of its messages */
  int ended;                          /* its exit status; -1: a signal ended it, or its time */
} rl_question;

/* Asks, and waits for the answer: 0, or the errno of what kept the program from being asked. */
int rl_ask(rl_session *session, rl_question *question);
/* A file that nobody else can see and that is gone when it is closed; -1: there is no room. */
int rl_ask_scratch(void);

#endif
