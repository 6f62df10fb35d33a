#pragma once
#include "dialect.h"
#include "load.h"
#include "wire.h"

/* Prepares the event loop. */
void connections_begin(void);

/* Begins a connection of the viewer with its next token; it becomes the viewer's own once it is open. */
void connection_open(struct viewer *viewer);

/* Ends the handshake that the viewer waits for, if any. */
void connection_give_up(struct viewer *viewer);

/* Sends a frame, or keeps it until the socket takes it. */
void connection_send(struct connection *connection, enum opcode opcode, const char *payload, size_t length);

/* The dialect says that messages come from now on. */
void connection_is_open(struct connection *connection);

/* Handles what has happened on all sockets, waiting for it at most so long. */
void connections_turn(int most_ms);
