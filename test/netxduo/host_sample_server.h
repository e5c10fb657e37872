/* The sample's other end: it greets each connection, wants its greeting back, and hangs up.  */
#ifndef HOST_SAMPLE_SERVER_H
#define HOST_SAMPLE_SERVER_H

#ifdef __cplusplus
extern "C" {
#endif

void sample_server_start(void);
unsigned sample_server_port(int ip_version);
void sample_server_stop(void);

#ifdef __cplusplus
}
#endif

#endif
