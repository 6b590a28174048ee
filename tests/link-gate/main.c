/* Calls the library from a program that gives it nothing but a stack. */
int voxtra_link_gate(void);

int main(void) { return voxtra_link_gate(); }
