// An SCR client as the manual describes it, naive and blocking: buffers of 1000 bytes, one answer for each state.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

static float value(const char* text, const char* tag) {
    const char* found = std::strstr(text, tag);
    return found == nullptr ? 0 : std::strtof(found + std::strlen(tag), nullptr);
}

int main(int count, char** words) {
    int port = 3001, steps = 0;
    for (int i = 1; i < count; ++i) {
        std::sscanf(words[i], "port:%d", &port);
        std::sscanf(words[i], "maxSteps:%d", &steps);
    }
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_port = htons(static_cast<unsigned short>(port));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int channel = socket(AF_INET, SOCK_DGRAM, 0);
    const timeval second{1, 0};
    setsockopt(channel, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
    std::string hello = "SCR(init";
    for (int i = 0; i < 19; ++i) hello += " " + std::to_string(-90 + 10 * i);
    hello += ")";
    char text[1000];
    do {
        sendto(channel, hello.c_str(), hello.size() + 1, 0, reinterpret_cast<sockaddr*>(&server), sizeof server);
        std::memset(text, 0, sizeof text);
        recv(channel, text, sizeof text, 0);
    } while (std::strcmp(text, "***identified***") != 0);
    int states = 0;
    while (steps == 0 || states < steps) {
        std::memset(text, 0, sizeof text);
        if (recv(channel, text, sizeof text, 0) < 0) return 1;
        if (std::strcmp(text, "***shutdown***") == 0 || std::strcmp(text, "***restart***") == 0) break;
        ++states;
        const float steer = value(text, "(angle ") * 0.8F - value(text, "(trackPos ") * 0.2F;
        char action[200];
        std::snprintf(action, sizeof action, "(accel %g)(brake 0)(gear 1)(steer %g)(clutch 0)(focus 0)(meta 0)",
                      value(text, "(speedX ") < 60 ? 0.8 : 0.0, static_cast<double>(steer));
        sendto(channel, action, std::strlen(action) + 1, 0, reinterpret_cast<sockaddr*>(&server), sizeof server);
    }
    std::printf("%d states\n", states);
    close(channel);
}
